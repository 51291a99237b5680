"""The demo clinic: Linden Row in Leeds, made of invented people, relative to the day it is made."""
