from clinic.admin import show

show("planner")
