"""The report: claims, studies and figures on one page that needs no other file."""
