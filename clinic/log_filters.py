import logging


class OneLineForAPassingFault(logging.Filter):
    """Of a request that met a busy or lost database the log keeps one line: the traceback says nothing more."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", 0) == 503 and record.exc_info:
            kind = record.exc_info[0]
            record.msg, record.args = f"{record.getMessage()} ({kind.__name__ if kind else ''})", ()
            record.exc_info = record.exc_text = None
        return True
