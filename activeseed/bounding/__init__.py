"""What can be proved about the difference of two networks over a region of inputs.

`regions` says where; `bounded` is what a proof ends in; `ladder` proves (`bound`), `layers` says what is proved of
hidden units. The latter two load torch.
"""
