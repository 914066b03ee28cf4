import { connect } from 'parlor/client';

const url = 'http://localhost:4000';
const client = connect({
  url,
  // Your own backend's token goes here; development mode gives one to whoever asks.
  token: async () => (await fetch(`${url}/test-token?username=alice`)).text(),
});
const room = client.room('general');

room.on('status', ({ name }) => console.log(`The connection is ${name}.`));
room.on('userJoined', ({ username }) => console.log(`${username} is here.`));
room.on('userLeft', ({ username }) => console.log(`${username} has gone.`));
void room.send('hello from Parlor');

for await (const { sender, message } of room.messages()) {
  console.log(`${sender}: ${message}`);
  if (message === 'bye') client.close();
}
