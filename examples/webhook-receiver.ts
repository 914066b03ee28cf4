import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';

/** How far this program has read a room: the epoch, and the last change. */
interface Known {
  epoch: string;
  rev: number;
}

interface Changed {
  type: 'room.changed';
  data: {
    roomId: string;
    epoch: string;
    from: number;
    to: number;
    reset?: true;
    changes: { seq: number; rev: number; sender: string; message: string; deletedAt?: number }[];
  };
}

const {
  PORT = '4100',
  WEBHOOK_SECRET = '',
  POSITIONS_FILE = 'webhook-positions.json',
  PARLOR_URL = 'http://localhost:4000',
  ADMIN_TOKEN = '',
} = process.env;

const webhook = new Webhook(WEBHOOK_SECRET);
const positions = readPositions();

const server = createServer((request, response) => void receive(request, response));

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request);
  let event: Changed | { type: 'other' };
  try {
    // Throws for another secret, a changed body, and a request that is older than five minutes.
    event = webhook.verify(body, request.headers as Record<string, string>) as typeof event;
  } catch {
    response.writeHead(401).end();
    return;
  }
  try {
    if (event.type === 'room.changed') await take(event.data);
    // Only now: what is answered 2xx is not sent again, and everything else is.
    response.writeHead(204).end();
  } catch (error) {
    console.error(error);
    response.writeHead(500).end();
  }
}

async function take({ roomId, epoch, from, to, reset, changes }: Changed['data']): Promise<void> {
  const known = positions.get(roomId) ?? { epoch, rev: 0 };
  const isAnother = reset === true || known.epoch !== epoch;
  const rev = isAnother ? 0 : known.rev;
  if (from > rev) {
    // This program has lost changes that it had received before: it asks for them again.
    await askAgain(roomId, `${epoch}:${rev}`);
    return;
  }
  for (const change of changes) {
    // After a lost answer, changes come a second time. They are in order of `rev`.
    if (change.rev > rev) handle(roomId, change);
  }
  keep(roomId, { epoch, rev: Math.max(rev, to) });
}

/** The place to feed a search index, let a bot answer, or write an archive. */
function handle(
  roomId: string,
  { rev, sender, message, deletedAt }: Changed['data']['changes'][0],
) {
  console.log(`${roomId} ${rev} ${deletedAt === undefined ? `${sender}: ${message}` : 'deleted'}`);
}

async function askAgain(roomId: string, from: string): Promise<void> {
  const url = `${PARLOR_URL}/rooms/${encodeURIComponent(roomId)}/hook`;
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ from }) });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: set ADMIN_TOKEN.`);
}

function readPositions(): Map<string, Known> {
  try {
    return new Map(JSON.parse(readFileSync(POSITIONS_FILE, 'utf8')) as [string, Known][]);
  } catch {
    return new Map();
  }
}

/** Writes a new file that replaces the old one in one step: a crash leaves either of the two. */
function keep(roomId: string, known: Known): void {
  positions.set(roomId, known);
  writeFileSync(`${POSITIONS_FILE}.new`, JSON.stringify([...positions]));
  renameSync(`${POSITIONS_FILE}.new`, POSITIONS_FILE);
}

server.listen(Number(PORT), () => {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : PORT;
  console.log(`Set WEBHOOK_URL=http://localhost:${port}`);
});
