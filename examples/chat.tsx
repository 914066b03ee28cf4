import { connect } from 'parlor/client';
import { useRoom } from 'parlor/react';

const url = 'http://localhost:4000';
const token = async () => (await fetch(`${url}/test-token?username=alice`)).text();
const client = connect({ url, token });

export function Chat({ roomId }: { roomId: string }) {
  const { room, state } = useRoom(client, roomId);
  const said = state.messages.map(({ sender, message }) => `${sender}: ${message}`);
  const unsent = state.outgoing.map(({ payload }) => `${payload.message} …`);
  return (
    <form action={(form) => void room.send(form.get('text') as string)}>
      <pre role="log">{[...said, ...unsent].join('\n')}</pre>
      <input name="text" aria-label="Message" required />
    </form>
  );
}
