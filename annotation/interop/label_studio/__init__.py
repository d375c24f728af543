"""Label Studio: a release as tasks with every rater's answer, and ratings that were made there.

controls.py     the rubric as a labeling config, and an answer as its results
writing.py      tasks.json and config.xml from a release
reading.py      an export to answers, before anything is known of who gave them
"""
