import { tokenFor } from './tokens.ts';

/**
 * How a client talks to a contestant. Frames are written and read as text, without the clients' own
 * libraries, so that the generator is not the bottleneck.
 */

export type TransportName =
  | 'native'
  | 'stream'
  | 'socketio'
  | 'gather'
  | 'seed'
  | 'ws'
  | 'party'
  | 'nchan'
  | 'nchanStream'
  | 'nats';

/** What a join asks for beyond the room. */
export interface JoinWish {
  since?: string;
  history?: number;
}

/** What is known of a joining client. */
export interface Joining extends JoinWish {
  roomId: string;
  userId: string;
}

/** The reply to a join, as far as the bench looks at it. */
export interface JoinReply {
  ok?: boolean;
  position?: string;
  missed?: unknown[];
  messages?: unknown[];
  complete?: boolean;
}

export interface Transport {
  address(origin: string, joining: Joining): string;
  headers(userId: string): Record<string, string>;
  /** Whether the server sends first, and the join ends with a reply; otherwise it ends with the upgrade. */
  greets: boolean;
  /** What to answer to a frame before the join is done, or the reply that ends it. */
  greet(frame: string, joining: Joining): { send?: string; joined?: JoinReply };
  /** A message as a client sends it. */
  speech(text: string, joining: Joining, ref: number): string;
  /** Another command of ours. */
  command(name: string, payload: object, joining: Joining, ref: number): string;
  /** Whether each message is answered to its sender. */
  answers: boolean;
  /** A client's heartbeat; absent if it sends none by itself. */
  heartbeat?: string;
  /** Where each message is posted to, when the room is followed by an HTTP stream and not a socket. */
  postTo?(origin: string, joining: Joining): string;
}

const SOCKETIO_PATH = '/socket.io/?EIO=4&transport=websocket';

const native: Transport = {
  address(origin, { roomId, since, history }) {
    const query = new URLSearchParams();
    if (since !== undefined) query.set('since', since);
    if (history !== undefined) query.set('history', String(history));
    return `${origin}/rooms/${roomId}/ws?${query.toString()}`;
  },
  headers: (userId) => ({ authorization: `Bearer ${tokenFor(userId)}` }),
  greets: true,
  greet(frame) {
    const [line = ''] = frame.split('\n', 1);
    return line.startsWith('["joined",')
      ? { joined: (JSON.parse(line) as [string, JoinReply])[1] }
      : {};
  },
  speech: (message, _joining, ref) => JSON.stringify(['message', { message }, ref]),
  command: (name, payload, _joining, ref) => JSON.stringify([name, payload, ref]),
  answers: true,
  heartbeat: 'ping',
};

/** Socket.IO's packets by hand: 0 open, 40 CONNECT, 42 EVENT, 43 ACK. */
function socketIo(join: object): Transport {
  return {
    address: (origin) => `${origin}${SOCKETIO_PATH}`,
    headers: () => ({}),
    greets: true,
    greet(frame, { roomId, userId, since, history }) {
      if (frame.startsWith('0{'))
        return { send: `40${JSON.stringify({ token: tokenFor(userId) })}` };
      if (frame.startsWith('40')) {
        const wish = { roomId, username: userId, since, history, ...join };
        return { send: `420${JSON.stringify(['joinRoom', wish])}` };
      }
      if (!frame.startsWith('430')) return {};
      return { joined: (JSON.parse(frame.slice(3)) as [JoinReply?])[0] ?? { ok: true } };
    },
    speech: (message, { roomId, userId }, ref) =>
      `42${ref}${JSON.stringify(['message', { roomId, message, sender: userId }])}`,
    command: (name, payload, { roomId }, ref) =>
      `42${ref}${JSON.stringify([name, { roomId, ...payload }])}`,
    answers: true,
  };
}

/** The small contestants take a message as one object and answer nothing. */
function plain(path: (roomId: string) => string): Transport {
  return {
    address: (origin, { roomId }) => `${origin}${path(roomId)}`,
    headers: () => ({}),
    greets: false,
    greet: () => ({}),
    speech: (message, { roomId, userId }) => JSON.stringify({ roomId, message, sender: userId }),
    command: () => '',
    answers: false,
  };
}

/** Our rooms over HTTP: an event stream to listen, requests to speak. */
const stream: Transport = {
  ...native,
  address: (origin, { roomId }) => `${origin}/rooms/${roomId}/events`,
  postTo: (origin, { roomId }) => `${origin}/rooms/${roomId}/messages`,
  greets: false,
  greet: () => ({}),
  speech: (message) => JSON.stringify({ message }),
};

/** A channel of nchan, which sends a message to its sender, too: that is the answer. */
const nchan: Transport = {
  ...plain((roomId) => `/socket/${roomId}`),
  speech: (message, { userId }) => JSON.stringify({ sender: userId, message }),
  answers: true,
};

/** NATS' text protocol. Each member's consumer receives what the stream has stored, its own messages too. */
const nats: Transport = {
  ...plain(() => '/'),
  greets: true,
  greet(frame, { roomId, userId }) {
    const inbox = `hears.${userId}`;
    if (frame.startsWith('INFO')) {
      const options = '{"verbose":false,"pedantic":false}';
      const config = {
        deliver_subject: inbox,
        deliver_policy: 'new',
        ack_policy: 'none',
        filter_subject: `room.${roomId}`,
        mem_storage: true,
        num_replicas: 1,
      };
      const wish = JSON.stringify({ stream_name: 'ROOMS', config });
      const made = `made.${userId}`;
      const ask = `PUB $JS.API.CONSUMER.CREATE.ROOMS ${made} ${wish.length}\r\n${wish}\r\n`;
      return { send: `CONNECT ${options}\r\nSUB ${inbox} 1\r\nSUB ${made} 2\r\n${ask}` };
    }
    return frame.includes(`MSG made.`) ? { joined: { ok: !frame.includes('"error"') } } : {};
  },
  speech(message, { roomId, userId }) {
    const text = JSON.stringify({ sender: userId, message });
    return `PUB room.${roomId} stored.${userId} ${text.length}\r\n${text}\r\n`;
  },
  answers: true,
};

export const transports: Record<TransportName, Transport> = {
  native,
  stream,
  socketio: socketIo({}),
  gather: socketIo({ gather: true }),
  seed: {
    ...socketIo({}),
    speech: (message, { roomId, userId }) =>
      `42${JSON.stringify(['message', { roomId, message, sender: userId }])}`,
    answers: false,
  },
  ws: plain((roomId) => `/${roomId}`),
  party: plain((roomId) => `/parties/room/${roomId}`),
  nchan,
  nchanStream: {
    ...nchan,
    address: (origin, { roomId }) => `${origin}/stream/${roomId}`,
    postTo: (origin, { roomId }) => `${origin}/publish/${roomId}`,
  },
  nats,
};
