"""Sheets that people print, sign and file: computed here, drawn as page, PDF and XLSX."""
