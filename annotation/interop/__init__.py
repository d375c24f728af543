"""Files of other tools: read into the rows of a mining run, and written from a release.

Pure: paths and rows in, rows and texts out, no Django and no torch. Nothing is ever unpickled, every field is checked,
and every size has a bound; what does not hold raises Unreadable with a sentence.

    files.py, json_files.py, safetensors_file.py    bytes to checked records
    token_text.py, vocabulary.py                    tokens to text
    passages.py, choosing.py, profile.py            text and firings to the rows of a run
    dashboards/                                     SAEDashboard's files, and what they share with Neuronpedia's
    neuronpedia/                                    its bulk layout, both ways
    delphi/                                         its latent cache in, explanations out
"""
