import { readFile, rename, writeFile } from 'node:fs/promises';
import { connect } from 'parlor/client';

const url = 'http://localhost:4000';
const file = (roomId: string) => `position-${encodeURIComponent(roomId)}`;
const client = connect({
  url,
  token: async () => (await fetch(`${url}/test-token?username=bot&bot=true`)).text(),
  // How far the bot has come in each room: after a restart it continues from there.
  positions: {
    get: (roomId) => readFile(file(roomId), 'utf8').catch(() => undefined),
    async set(roomId, position) {
      // A new file that replaces the old one in one step: a crash leaves either of the two.
      await writeFile(`${file(roomId)}.new`, position);
      await rename(`${file(roomId)}.new`, file(roomId));
    },
  },
});
const room = client.room('general');

for await (const { seq, sender, senderId, message } of room.messages()) {
  if (senderId === room.state.you?.userId || !message.startsWith('!help')) continue;
  // The same id for the same question: one that was answered before a crash is not answered twice.
  await room.send(`${sender}, I answer !help.`, { id: `help-${seq}`, replyTo: seq });
  console.log(`Answered ${sender}.`);
}
