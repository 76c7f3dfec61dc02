(() => {
  const wide = matchMedia("(min-width: 70rem)");
  const fit = () => document.querySelectorAll("details[data-wide]").forEach((fold) => { fold.open = wide.matches; });
  fit();
  wide.addEventListener("change", fit);

  const regions = [...document.querySelectorAll(".rm-scroll")];
  const reach = () => regions.forEach((region) => {
    if (region.scrollWidth > region.clientWidth + 1) region.tabIndex = 0;
    else region.removeAttribute("tabindex");
  });
  reach();
  addEventListener("resize", reach);
  document.addEventListener("toggle", reach, true);

  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open]):not(.rm-code)")];
    folded.forEach((fold) => { fold.open = true; });
  });
  addEventListener("afterprint", () => folded.forEach((fold) => { fold.open = false; }));

  const links = new Map([...document.querySelectorAll(".rm-contents a")].map((link) => [link.hash.slice(1), link]));
  const headings = [...links.keys()].map((id) => document.getElementById(decodeURIComponent(id))).filter(Boolean);
  const follow = () => {
    const passed = headings.filter((heading) => heading.getBoundingClientRect().top < innerHeight / 3);
    const current = passed.length ? links.get(passed.at(-1).id) : null;
    links.forEach((link) => {
      if (link === current) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
  };
  if (headings.length) {
    follow();
    addEventListener("scroll", follow, { passive: true });
  }
})();
