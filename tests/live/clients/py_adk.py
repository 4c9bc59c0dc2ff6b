# SPDX-License-Identifier: Apache-2.0
"""A google-adk program as people write them: a supervisor that hands a question to two sub-agents.

py_adk.py QUESTION. Prints who said what, one JSON line per event with text."""
import asyncio
import json
import sys

from google.adk.agents import LlmAgent
from google.adk.runners import InMemoryRunner
from google.genai import types

MODEL = "gemini-2.5-flash"


def look_up(city: str) -> dict:
    """The weather of a city."""
    return {"city": city, "sky": "clear"}


researcher = LlmAgent(name="researcher", model=MODEL, tools=[look_up],
                      description="Finds facts.", instruction="Answer with facts.")
writer = LlmAgent(name="writer", model=MODEL,
                  description="Writes texts.", instruction="Write one sentence.")
supervisor = LlmAgent(name="supervisor", model=MODEL, sub_agents=[researcher, writer],
                      instruction="Hand facts to researcher and texts to writer.")


async def main():
    runner = InMemoryRunner(agent=supervisor, app_name="weather")
    session = await runner.session_service.create_session(app_name="weather", user_id="u")
    question = types.Content(role="user", parts=[types.Part(text=sys.argv[1])])
    async for event in runner.run_async(user_id="u", session_id=session.id, new_message=question):
        for part in event.content.parts if event.content else []:
            print(json.dumps({"author": event.author, "text": part.text,
                              "call": part.function_call and part.function_call.name}), flush=True)


asyncio.run(main())
