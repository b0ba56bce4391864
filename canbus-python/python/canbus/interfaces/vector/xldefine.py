"""Numbers of Vector's XL driver library; they come with the interface."""
