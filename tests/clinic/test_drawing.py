from datetime import UTC, datetime

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime
from django.template import Context, Template
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import escape

from clinic.models import Resource
from planner.pages.patient_history import HistoryEntry


class Visit(forms.Form):
    depth = forms.IntegerField(label="depth <of needles>", min_value=1, help_text="As the label says")
    site = forms.ChoiceField(choices=[("", "–"), ("Left", [("thigh", "Thigh & <knee>"), ("arm", "Arm")])])
    pain = forms.ChoiceField(
        choices=[("1", "little"), ("2", "much")], widget=forms.RadioSelect, required=False
    )


def drawn(tag: str, form: forms.Form) -> str:
    return " ".join(Template("{% load shell %}{% " + tag + " %}").render(Context({"form": form})).split())


def test_a_field_has_its_label_above_and_its_unit_and_hint_after_it() -> None:
    assert drawn('field form.depth unit="mm"', Visit()) == (
        '<div class="field"> <label class="label" for="id_depth">Depth &lt;of needles&gt;</label>'
        ' <span class="unit"><input type="number" name="depth" min="1" class="input" required'
        ' aria-describedby="id_depth_helptext" id="id_depth">mm</span>'
        ' <div class="hint" id="id_depth_helptext">As the label says</div> </div>'
    )


def test_a_refused_field_says_what_is_wrong_and_keeps_what_was_typed_escaped() -> None:
    typed = '"><script>'
    html = drawn("field form.depth", Visit({"depth": typed}))
    assert '<div class="field field--bad">' in html
    assert 'aria-invalid="true" aria-describedby="id_depth_helptext id_depth_error"' in html
    assert "<span>Enter a whole number.</span></p>" in html
    assert typed not in html
    assert escape(typed).replace("&quot;", "&#34;") in html


def test_a_selects_options_stand_in_their_groups_with_the_chosen_one_marked() -> None:
    assert '<option value="">–</option> <optgroup label="Left">' in (
        html := drawn("field form.site", Visit({"site": "arm"}))
    )
    assert '<option value="thigh">Thigh &amp; &lt;knee&gt;</option>' in html
    assert '<option value="arm" selected>Arm</option> </optgroup> </select>' in html


def test_radios_are_options_with_their_words_and_where_asked_their_numbers() -> None:
    assert drawn("options form.pain numbered=True", Visit(initial={"pain": "2"})) == (
        '<label><input type="radio" name="pain" value="1" id="id_pain_0"><span>1 little</span></label>'
        '<label><input type="radio" name="pain" value="2" id="id_pain_1" checked><span>2 much</span></label>'
    )


def test_widgets_that_are_not_the_fields_own_are_drawn_by_django() -> None:
    assert '<p class="datetime">' in AdminSplitDateTime().render("at", None)


def test_a_patients_history_shows_times_in_the_zone_of_the_page() -> None:
    entry = HistoryEntry(at=datetime(2026, 7, 1, 22, 30, tzinfo=UTC), group="record", title="Assessment")
    with timezone.override("Asia/Tokyo"):
        html = render_to_string("planner/_story.html", {"entries": [entry]})
    assert '<div class="story__when">Thu 2 Jul 2026 07:30</div>' in html


def test_a_choice_is_shown_in_its_words_and_no_row_as_nothing() -> None:
    shown = Template('{% load shell %}{{ row|label:"kind" }}|{{ none|label:"kind" }}')
    assert shown.render(Context({"row": Resource(kind="room"), "none": None})) == "Room|"
