FROM python:3.11-slim-bookworm
ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1
RUN useradd --create-home --uid 1000 app && install -d -o app /data
WORKDIR /home/app/clinic
COPY requirements.txt .
RUN pip install -r requirements.txt
COPY --chown=app . .
RUN SECRET_KEY=only-for-collecting-static-files python manage.py collectstatic --noinput
USER app
ENV DATA_DIR=/data
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "clinic.wsgi", "--config", "python:clinic.gunicorn", "--bind", "0.0.0.0:8000", "--workers", "3"]
