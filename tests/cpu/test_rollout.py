"""When responses of the server that generates on the CPU come back."""

from verl_egca.cpu.rollout import ends_after


def test_the_longest_response_takes_the_whole_time_and_the_others_their_part_of_it():
    assert [ends_after(tokens, 96, 30.0) for tokens in (96, 48, 24)] == [30.0, 15.0, 7.5]


def test_without_a_time_nothing_is_held_back():
    assert ends_after(96, 96, 0.0) == 0.0
