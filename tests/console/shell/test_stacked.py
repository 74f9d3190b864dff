"""Tables on a phone: every cell says what its column is."""

from markupsafe import Markup

from hotline.console.shell.stacked import stacked


def test_each_cell_of_each_row_has_its_column() -> None:
    rows = Markup("<tr><th scope='row'>Ana</th><td>here</td></tr>\n<tr class='x'><th>Luis</th><td></td></tr>")

    assert stacked(rows, ["Name", "Now"]) == (
        '<tr role="row"><th role="rowheader" data-head="Name" scope=\'row\'>Ana</th>'
        '<td role="cell" data-head="Now">here</td></tr>\n'
        '<tr role="row" class=\'x\'><th role="rowheader" data-head="Name">Luis</th>'
        '<td role="cell" data-head="Now"></td></tr>'
    )


def test_head_is_escaped_and_a_cell_without_one_has_no_label() -> None:
    shown = stacked(Markup("<tr><td>1</td><td>2</td></tr>"), ['"<b>'])

    assert 'data-head="&#34;&lt;b&gt;">1<' in shown
    assert 'data-head="">2<' in shown
