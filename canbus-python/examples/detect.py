"""Which buses could be opened now: with all interfaces, or those named."""

import canbus as can

if __name__ == "__main__":
    with can.Bus("in use", interface="virtual"):
        for config in can.detect_available_configs(interfaces=["virtual", "socketcan"]):
            print(config)
            if config["interface"] == "virtual":
                # What is found are arguments for a bus.
                can.Bus(**config).shutdown()
