"""The calendar: seasons, events and trend that all customers share."""
