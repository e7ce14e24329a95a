"""One reader and one writer for each format of a file, whatever the file is for: seeds, pools, probes, gold questions,
truths, vectors, questions, answers and rankings.
"""

from activeseed.formats.delimited import guard, marked, read_sheet, unguard, unguarded_copy, write_sheet
from activeseed.formats.json_text import json_document, json_line, json_lines, parse_json, parse_lines
from activeseed.formats.markdown import MarkdownFile, read_markdown
from activeseed.formats.markdown_changes import Written, with_changes
from activeseed.formats.markdown_writing import markdown_text
from activeseed.formats.parquet import parquet_table
from activeseed.formats.plain import MAX_BYTES, FormatError, decode, existing_file, read_bytes, said_as, write_whole
from activeseed.formats.records import CRITERIA, FORMATS, Record, RecordFile, is_delimited, read_records
from activeseed.formats.yaml_text import yaml_document

__all__ = [
    "CRITERIA",
    "FORMATS",
    "MAX_BYTES",
    "FormatError",
    "MarkdownFile",
    "Record",
    "RecordFile",
    "Written",
    "decode",
    "existing_file",
    "guard",
    "is_delimited",
    "json_document",
    "json_line",
    "json_lines",
    "markdown_text",
    "marked",
    "parquet_table",
    "parse_json",
    "parse_lines",
    "read_bytes",
    "read_markdown",
    "read_records",
    "read_sheet",
    "said_as",
    "unguard",
    "unguarded_copy",
    "with_changes",
    "write_sheet",
    "write_whole",
    "yaml_document",
]
