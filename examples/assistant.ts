import { connect, type Message } from 'parlor/client';

const url = 'http://localhost:4000';
const token = async () => (await fetch(`${url}/test-token?username=assistant`)).text();
const room = connect({ url, token }).room('general');

/** Stands in for a language model: any async iterable of text can answer. */
async function* think(question: string): AsyncIterable<string> {
  const answer = `You asked: ${question} Let me think about that for a while.`;
  for (const word of answer.split(/(?<= )/)) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    yield word;
  }
}

async function answer({ seq, message }: Message): Promise<void> {
  const stream = await room.stream('', { replyTo: seq });
  // Ends when `think` does, or when a user asks to stop: `stream.signal` then aborts, for a real model.
  await stream.pipe(think(message));
}

for await (const message of room.messages()) {
  if (message.message.endsWith('?')) answer(message).catch(console.error);
}
