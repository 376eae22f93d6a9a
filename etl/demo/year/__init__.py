"""What happens in a demo community: a year of incidents, their handling, visits, and the planted truth."""
