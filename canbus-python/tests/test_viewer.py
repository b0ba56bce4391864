"""What the viewer shows besides messages."""

from unittest import mock

from canbus import viewer


def test_losses_of_the_bus_are_shown_when_they_change_and_after_a_redraw():
    screen = mock.Mock(getmaxyx=lambda: (24, 80))
    bus = mock.Mock(dropped=0)

    def shown():
        texts = [call.args[2] for call in screen.addstr.call_args_list]
        screen.addstr.reset_mock()
        return [text for text in texts if "lost" in text]

    names = ("curs_set", "use_default_colors", "init_pair", "color_pair")
    with mock.patch.multiple(viewer.curses, **{name: mock.Mock() for name in names}):
        view = viewer.CanViewer(screen, bus, {}, testing=True)
        view._look_for_losses()
        assert shown() == []
        bus.dropped = 7
        view._look_for_losses()
        assert shown() == ["7 lost"]
        view._look_for_losses()
        assert shown() == []
        view.redraw_screen()
        assert shown() == ["7 lost"]
