import { connect } from 'parlor/client';

/** Our own signals, by name: `cursors-app.ts` declares them, and `SIGNALS=open` passes them on too. */
interface Signals {
  cursor: { x: number; y: number };
}

const url = 'http://localhost:4000';
const name = `user-${Math.floor(Math.random() * 1_000)}`;
const token = async () => (await fetch(`${url}/test-token?username=${name}`)).text();
const room = connect<Signals>({ url, token }).room('general');

room.on('cursor', ({ username, x, y }) => console.log(`${username} is at ${x}, ${y}.`));

for (let step = 0; ; step++) {
  await new Promise((resolve) => setTimeout(resolve, 50));
  room.signal('cursor', { x: step, y: Math.round(100 * Math.sin(step / 10)) });
}
