"""Text on its way in: files of notes, in the formats in which hospitals and data sets have them, to documents.

Pure: paths in, documents out, one after another; memory does not grow with the files. What is wrong raises Unreadable
with a sentence that names file and line, and never the text.

    sources.py          which files, of which format; links, archives and special files are refused
    encodings.py        in which letters a file is written, and why that is thought
    text_lines.py       bounded lines
    csv_rows.py, json_lines.py, parquet_rows.py, text_folder.py, fhir.py     a format each, to rows
    columns.py          what columns there are, and which field each is proposed for
    documents.py        rows to documents: what is left out, and why; sections put together
"""
