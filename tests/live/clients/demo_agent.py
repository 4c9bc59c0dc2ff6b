# SPDX-License-Identifier: Apache-2.0
"""An ordinary agent: it knows nothing of tolltap."""
import anthropic
import openai


def ask(exchange):
    # The bundled server answers what the prompt names; a real provider would just read it.
    return [{"role": "user", "content": f"exchange:{exchange}"}]


with openai.OpenAI() as client:
    client.chat.completions.create(model="gpt-4o", messages=ask("31e06f7d89fe"))
    for _ in client.chat.completions.create(model="gpt-4o-mini", messages=ask("d819f9a433a9"),
                                            stream=True, stream_options={"include_usage": True}):
        pass
    for _ in client.responses.create(model="gpt-5-mini", input="exchange:5944dfab1228", stream=True):
        pass
    client.embeddings.create(model="text-embedding-3-small", input="exchange:302049d75567",
                             encoding_format="float")
with anthropic.Anthropic() as client:
    for _ in client.messages.create(model="claude-opus-4-6", max_tokens=2000,
                                    messages=ask("1008e70a6940"), stream=True):
        pass
print("agent: done, five calls made")
