import { connect } from 'parlor/client';
import type app from './cursors.ts';

const url = 'http://localhost:4000';
const name = `user-${Math.floor(Math.random() * 1_000)}`;
const token = async () => (await fetch(`${url}/test-token?username=${name}`)).text();
const room = connect<typeof app>({ url, token }).room('general');

room.on('cursor', ({ username, x, y }) => console.log(`${username} is at ${x}, ${y}.`));

for (let step = 0; ; step++) {
  await new Promise((resolve) => setTimeout(resolve, 50));
  room.signal('cursor', { x: step, y: Math.round(100 * Math.sin(step / 10)) });
}
