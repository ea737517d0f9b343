"""Job report: what a job found, as one page to look at and to send, and as JSON.

job's facts -> report_document (JSON, by shown_text without values) -> report_page (HTML) -> files
"""
