"""Messages in an event loop: a function, a coroutine and a reader that can be awaited."""

import asyncio

import canbus as can


def show(message: can.Message) -> None:
    """Called in the loop."""
    print("seen:", message.arbitration_id)


async def think(message: can.Message) -> None:
    """Runs as a task of the loop."""
    await asyncio.sleep(0.001)


async def main() -> None:
    with can.Bus("bouncing", interface="virtual", receive_own_messages=True) as bus:
        reader = can.AsyncBufferedReader()
        loop = asyncio.get_running_loop()
        notifier = can.Notifier(bus, [show, think, reader], loop=loop)
        bus.send(can.Message(arbitration_id=0))
        for _ in range(10):
            message = await reader.get_message()
            message.arbitration_id += 1
            bus.send(message)
        last = await reader.get_message()
        notifier.stop()
    assert last.arbitration_id == 10
    print("done")


if __name__ == "__main__":
    asyncio.run(main())
