import type { TransportName } from './generator/transports.ts';

/** A server that is measured. */
export interface Contestant {
  name: string;
  transport: TransportName;
  host:
    /** Run by Node, with the folder that it stores to as an argument before `args`. */
    | { kind: 'script'; file: string; args?: readonly string[] }
    | { kind: 'program'; command: string; args: readonly string[] }
    | { kind: 'node'; durability: 'disk' | 'process'; checkout?: string }
    | { kind: 'edge'; entry: string };
  /** Settings of one of our hosts, in addition to those of all. */
  settings?: Readonly<Record<string, string>>;
}

/** Our Worker, and the same with a log of what runs its rooms. */
export const OURS = 'src/edge/worker.ts';
export const WATCHED = 'bench/workers/watched.ts';
const BARE_OBJECT = 'bench/workers/bare-object.ts';
const PARTY = 'bench/workers/party.ts';

/** The contestant that every ratio compares with. */
export const SEED = 'seed-like';

/** In the order of the report. */
export const contestants: readonly Contestant[] = [
  { name: SEED, transport: 'seed', host: { kind: 'script', file: 'bench/hosts/seed-like.ts' } },
  { name: 'bare ws', transport: 'ws', host: { kind: 'script', file: 'bench/hosts/bare-ws.ts' } },
  { name: 'bare object', transport: 'ws', host: { kind: 'edge', entry: BARE_OBJECT } },
  { name: 'PartyServer', transport: 'party', host: { kind: 'edge', entry: PARTY } },
  { name: 'native@edge', transport: 'native', host: { kind: 'edge', entry: OURS } },
  { name: 'Socket.IO@edge', transport: 'socketio', host: { kind: 'edge', entry: OURS } },
  { name: 'Socket.IO@edge gather', transport: 'gather', host: { kind: 'edge', entry: OURS } },
  { name: 'native@node', transport: 'native', host: { kind: 'node', durability: 'disk' } },
  { name: 'Socket.IO@node', transport: 'socketio', host: { kind: 'node', durability: 'disk' } },
  {
    name: 'Socket.IO@node gather',
    transport: 'gather',
    host: { kind: 'node', durability: 'disk' },
  },
  { name: 'HTTP stream@node', transport: 'stream', host: { kind: 'node', durability: 'disk' } },
  {
    name: 'native@node process',
    transport: 'native',
    host: { kind: 'node', durability: 'process' },
  },
  {
    name: 'Socket.IO@node process',
    transport: 'socketio',
    host: { kind: 'node', durability: 'process' },
  },
];

const OUR_ENTRIES: ReadonlySet<string> = new Set([OURS, WATCHED]);

export function isOurs({ host }: Contestant): boolean {
  return host.kind === 'node' || (host.kind === 'edge' && OUR_ENTRIES.has(host.entry));
}

/** Limits so high that they do not bind: the usual ones would stop a benchmark rather than a user. */
export const LOOSE_LIMITS = {
  COMMANDS_PER_SECOND: '100000',
  COMMAND_BURST: '1000000',
  MAX_CONNECTIONS_PER_USER: '10000',
  MAX_SOCKET_EVENTS: '10000000',
  MAX_SOCKET_JOINS: '1000000',
};
