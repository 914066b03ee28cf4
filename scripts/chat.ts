import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { parseArgs } from 'node:util';
import { Files } from '../src/client/files.ts';
import { connect, type Refused, type Room, type Status } from '../src/client/index.ts';
import { wrongRoomId, wrongUsername } from '../src/protocol/text.ts';
import { inboxLines } from './chat-inbox.ts';
import { changeLine, harmless, messageLine, notice } from './chat-lines.ts';

/**
 * `npm run chat -- [ROOM] [--name NAME] [--url URL] [--token TOKEN]`: joins a room, or lists the rooms
 * of the user's inbox.
 */

const USAGE = 'Usage: npm run chat -- [ROOM] [--name NAME] [--url URL] [--token TOKEN]';
const HELP =
  '/who: who is here; /send PATH: send a file; /quit: leave; anything else is said; // says what begins with /.';
/** Messages shown at the start. */
const HISTORY = 20;
/** Clears the line. */
const EMPTY = '\r\x1b[2K';
/** Moves to the line above and clears it. */
const OVERWRITE = '\x1b[1A\x1b[2K';

interface Arguments {
  /** Undefined to list the user's rooms. */
  roomId: string | undefined;
  name: string;
  url: URL;
  token: string | undefined;
}

/** @throws Error with one sentence for the user */
function readArguments(): Arguments {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      name: { type: 'string', default: process.env['USER'] ?? 'guest' },
      url: { type: 'string', default: 'http://localhost:4000' },
      token: { type: 'string' },
    },
  });
  const [roomId, ...more] = positionals;
  if (more.length > 0) throw new Error(USAGE);
  const { name, url, token } = values;
  const wrongRoom = roomId === undefined ? undefined : wrongRoomId(roomId);
  if (wrongRoom !== undefined) throw new Error(`The room's name ${wrongRoom}.`);
  const wrongName = wrongUsername(name);
  if (wrongName !== undefined) throw new Error(`--name ${wrongName}.`);
  if (!/^https?:/.test(url) || !URL.canParse(url)) {
    throw new Error('--url must be an address such as https://chat.example.org.');
  }
  return { roomId, name, url: new URL(url), token };
}

/** A token of development mode, which gives one to every client; elsewhere undefined, for a guest. */
async function testToken({ url, name }: Arguments): Promise<string | undefined> {
  const address = new URL('test-token', url);
  address.searchParams.set('username', name);
  const response = await fetch(address).catch(() => {
    throw new Error(`Nobody answers at ${url.href}; start a server there, or name another --url.`);
  });
  const text = await response.text();
  return response.ok ? text : undefined;
}

const isTerminal = process.stdin.isTTY && process.stdout.isTTY;
/** Made when its lines are read, because it would not wait with them until then. */
let reader: Interface | undefined;

/** Shows a line, above the one that is being written. */
function show(line: string): void {
  process.stdout.write(isTerminal ? `${EMPTY}${line}\n` : `${line}\n`);
  if (isTerminal) reader?.prompt(true);
}

/** Shows the room's events. @returns rejects when the room cannot be reached, or has ended */
function follow(room: Room, { url }: Arguments): Promise<never> {
  room.on('message', (message) => show(messageLine(message)));
  room.on('messageUpdated', (message) => show(changeLine(message)));
  room.on('userJoined', ({ username }) => show(notice(`${username} is here.`)));
  room.on('userLeft', ({ username }) => show(notice(`${username} has gone.`)));
  return new Promise((_, reject) => {
    let wasOpen = false;
    let wasLost = false;
    const onStatus = (status: Status): void => {
      const { name } = status;
      if (name === 'ended') reject(new Error(harmless(status.problem.message)));
      if (name === 'waiting' && !wasOpen) {
        const why = status.problem?.message ?? `Parlor does not answer at ${url.href}; try again.`;
        reject(new Error(harmless(why)));
      }
      if (name === 'waiting' && wasOpen && !wasLost) {
        show(notice('The connection is lost; trying again.'));
      }
      if (name === 'open' && wasLost) show(notice('Connected again.'));
      wasOpen ||= name === 'open';
      wasLost = wasOpen && name !== 'open';
    };
    room.on('status', onStatus);
  });
}

/** Waits until the room is joined, and shows its newest messages. */
async function begin(room: Room): Promise<void> {
  await new Promise<void>((resolve) => {
    const stop = room.on('change', ({ you }) => {
      if (you === undefined) return;
      stop();
      resolve();
    });
  });
  for (const message of room.state.messages.slice(-HISTORY)) show(messageLine(message));
}

/** Sends lines until there are no more, or one is `/quit`. @returns whether all were sent */
async function talk(room: Room, files: Files): Promise<boolean> {
  const saying: Promise<boolean>[] = [];
  const lines = createInterface({
    input: process.stdin,
    ...(isTerminal && { output: process.stdout }),
    prompt: '> ',
  });
  reader = lines;
  lines.once('SIGINT', () => lines.close());
  if (isTerminal) lines.prompt();
  for await (const line of lines) {
    if (isTerminal) process.stdout.write(OVERWRITE);
    if (line === '/quit') break;
    if (line === '/who') show(notice(`Here: ${whoIsIn(room)}.`));
    else if (line.startsWith('/send ')) saying.push(sendFile(room, files, line.slice(6).trim()));
    else if (/^\/[^/]/.test(line)) show(notice(HELP));
    else if (line.trim() !== '') saying.push(say(room, line.replace(/^\/\//, '/')));
    if (isTerminal) lines.prompt();
  }
  return (await Promise.all(saying)).every(Boolean);
}

function whoIsIn({ state: { online, onlineCount } }: Room): string {
  const names = online.map(({ username }) => username).join(', ');
  return onlineCount > online.length ? `${names} and more, ${onlineCount} in all` : names;
}

/** A file that is read as it is sent. @throws Error with one sentence */
async function openFile(path: string): Promise<Blob> {
  try {
    return await openAsBlob(path);
  } catch {
    throw new Error(`there is no file ${path} that can be read.`);
  }
}

/** Uploads a file, which is read as it is sent, then sends a message with it. */
async function sendFile(room: Room, files: Files, path: string): Promise<boolean> {
  try {
    const file = await openFile(path);
    const { fileId } = await files.upload(room.roomId, file, { name: basename(path) });
    await room.send('', { files: [fileId] });
    return true;
  } catch (error) {
    show(notice(`Not sent: ${(error as Error).message}`));
    return false;
  }
}

async function say(room: Room, text: string): Promise<boolean> {
  try {
    await room.send(text);
    return true;
  } catch (error) {
    show(notice(`Not said: ${(error as Refused).message}`));
    return false;
  }
}

async function main(): Promise<number> {
  const args = readArguments();
  let token = args.token ?? (await testToken(args));
  // A test token that has expired is replaced by a new one.
  const source = async () => {
    const given = token ?? (await testToken(args)) ?? '';
    token = undefined;
    return given;
  };
  const client = connect({
    url: args.url,
    username: args.name,
    history: HISTORY,
    ...(token !== undefined && { token: args.token ?? source }),
  });
  if (args.roomId === undefined) {
    try {
      for (const line of await inboxLines(client)) show(line);
      return 0;
    } finally {
      client.close();
    }
  }
  const files = new Files({
    url: args.url,
    ...(token !== undefined && {
      token: args.token ?? (async () => (await testToken(args)) ?? ''),
    }),
  });
  const room = client.room(args.roomId);
  const interrupted = new Promise<boolean>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => resolve(true));
    // The reader of the output is gone, as with `| head`.
    process.stdout.once('error', () => resolve(true));
  });
  try {
    const talked = begin(room).then(() => talk(room, files));
    return (await Promise.race([follow(room, args), talked, interrupted])) ? 0 : 1;
  } finally {
    reader?.close();
    client.close();
    if (isTerminal) process.stdout.write(EMPTY);
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
