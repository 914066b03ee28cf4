import type { NodeConnection } from '../../../local-server/node-connection.ts';
import type { RelayedSocket } from './world.ts';

export type Payload = Record<string, unknown>;

/** A listener's socket at a relay. */
export class Listener implements RelayedSocket {
  readonly userId: string;
  connection: NodeConnection | undefined;
  buffered = 0;
  lines: [string, Payload][] = [];
  position = '0:0';
  endedWith: number | undefined;

  constructor(userId: string) {
    this.userId = userId;
  }

  opened(): void {}

  closed(code: number): void {
    this.endedWith = code;
    this.lines = [];
  }

  hear(text: string): void {
    for (const line of text.split('\n')) {
      const [name, payload] = JSON.parse(line) as [string, Payload];
      this.lines.push([name, payload]);
      if (name === 'joined') this.position = payload['position'] as string;
      if (name === 'position') this.position = payload as unknown as string;
    }
  }

  heard(name: string): Payload[] {
    return this.lines.filter(([one]) => one === name).map(([, payload]) => payload);
  }
}
