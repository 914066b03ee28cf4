import { connect } from 'parlor/client';
import { useInbox } from 'parlor/react';

const url = 'http://localhost:4000';
const token = async () => (await fetch(`${url}/test-token?username=alice`)).text();
const client = connect({ url, token });

export function Conversations() {
  const { inbox, state } = useInbox(client);
  return (
    <ul aria-label={`${state.totals.unread} unread`}>
      {state.conversations.map(({ roomId, with: other, unread, last }) => (
        <li key={roomId}>
          {other?.username ?? roomId}: {last?.excerpt} ({unread})
          <button onClick={() => void inbox?.set(roomId, { pinned: true })}>Pin</button>
        </li>
      ))}
    </ul>
  );
}
