"""The blueprint of the staff list, schedules and one's own shift."""

from flask import Blueprint

area = Blueprint("people", __name__, template_folder="templates")
