import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Reply } from '../../src/protocol/commands.ts';
import { transportsOf } from './transports.ts';
import { type Host, type HostKey, startHost, type TestSettings } from './hosts.ts';
import { type Claims, tokenFor } from './tokens.ts';
import { type Transport, type Joining, ok, type Visitor, type Who } from './visitor.ts';

/** The hosts of one test file, which run from its first test to its last. */
export type Hosts = Readonly<Record<HostKey, Host>>;

export interface HostsOptions {
  /** The module of another application than the project's, from the project's root. */
  app?: string;
  /** Whether tests also run with relays holding every socket, because these could break them. */
  atRelays?: boolean;
}

/** Starts the hosts for a file, and checks at the end that they have logged no failures. */
export function useHosts(
  settings: TestSettings = {},
  { atRelays, ...options }: HostsOptions = {},
): Hosts {
  const hosts: Partial<Record<HostKey, Host>> = {};
  const needed = new Set(transportsOf(atRelays).map(({ host }) => host));
  beforeAll(async () => {
    await Promise.all(
      [...needed].map(async (name) => {
        hosts[name] = await startHost[name](settings, options);
      }),
    );
  });
  afterAll(async () => {
    const running = Object.values(hosts);
    await Promise.all(running.map((host) => host.close()));
    expect(running.flatMap(({ name, failures }) => failures.map((line) => [name, line]))).toEqual(
      [],
    );
  });
  return hosts as Hosts;
}

/** A transport of a running host. */
export interface OpenTransport extends Omit<Transport, 'host' | 'visit'> {
  readonly host: Host;
  /** A visitor who has not connected yet. */
  visit(who: Who): Visitor;
  /** A visitor with a token who has joined a room; `claims` are added to the token. */
  enter(userId: string, roomId: string, joining?: Joining, claims?: Claims): Promise<Entered>;
}

export interface Entered {
  visitor: Visitor;
  joined: Reply<'joinRoom'>;
}

/** Defines the tests of `tell` at every transport of every host, on hosts of this test file. */
export function forEachTransport(
  tell: (transport: OpenTransport) => void,
  settings: TestSettings = {},
  options: HostsOptions = {},
): void {
  const hosts = useHosts(settings, options);
  describe.concurrent.each(transportsOf(options.atRelays))('at $name', (transport) => {
    tell(open(transport, hosts));
  });
}

/** Defines the tests of `tell` at every transport, and also with relays holding every socket. */
export function forEachTransportAndRelays(tell: (transport: OpenTransport) => void): void {
  forEachTransport(tell, {}, { atRelays: true });
}

/** A transport on the running hosts. */
export function open(transport: Transport, hosts: Hosts): OpenTransport {
  const visit = (who: Who) => transport.visit(hosts[transport.host].url, who);
  return {
    name: transport.name,
    socketHolds: transport.socketHolds,
    get host() {
      return hosts[transport.host];
    },
    visit,
    async enter(userId, roomId, joining, claims) {
      const visitor = visit({ token: await tokenFor(userId, claims) });
      return { visitor, joined: ok(await visitor.join(roomId, joining)) };
    },
  };
}

/**
 * Runs steps that must take less than `ms` milliseconds, counted from their call of `start`. If a busy
 * machine took longer, they prove nothing and are run again.
 * @throws Error after five attempts
 */
export async function within<T>(ms: number, steps: (start: () => void) => Promise<T>): Promise<T> {
  for (let attempt = 0; attempt < 5; attempt++) {
    let from = 0;
    const result = await steps(() => {
      from = performance.now();
    });
    if (performance.now() - from < ms) return result;
  }
  throw new Error(`This machine is too busy: five times these steps took longer than ${ms} ms.`);
}

/** A room that no other test uses. */
export function newRoom(name = 'room'): string {
  return `${name}-${crypto.randomUUID()}`;
}

/**
 * Sends a message and waits until each listener has received it. Everything sent to them before has
 * then arrived, so that a test can check what was not sent.
 */
export async function barrier(
  roomId: string,
  speaker: Visitor,
  listeners: Visitor[],
): Promise<void> {
  const { message } = ok(await speaker.command('message', { roomId, message: 'barrier' }));
  await Promise.all(
    listeners.map((listener) => listener.hears('message', ({ seq }) => seq === message.seq)),
  );
}
