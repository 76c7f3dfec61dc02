"""What is to be run: recipes, parameters, inputs."""
