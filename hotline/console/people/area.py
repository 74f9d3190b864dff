"""The blueprint of the staff list, the schedules and a person's own shift."""

from flask import Blueprint

area = Blueprint("people", __name__, template_folder="templates")
