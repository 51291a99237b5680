from clinic.admin import show

show("patients")
