"""Predicts how long a New York green-taxi trip takes, and lets modelvane watch the predictions.

::

    trips.py      a month of trips: where it comes from, and which trips count
    download.py   the TLC's published files, checked and kept in a cache
    synthetic.py  seeded trips with known drift, for when there is no network
    model.py      the regression, its file, and the reference for the monitor
    service.py    the prediction service (Flask)
    replay.py     a month of trips sent to the service in time order, the labels late
    speed.py      how fast
    lateness.py   how late
    processes.py  child processes that never outlive their parent
    interrupts.py Ctrl-C at any moment
    summary.py    the monitor's findings as a table
    demo.py       all of it with one command

This file imports nothing, so that a service that needs one of these loads only that one.
"""
