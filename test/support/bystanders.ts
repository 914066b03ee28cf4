import { expect } from 'vitest';
import { NativeVisitor } from './native-visitor.ts';
import { SocketIoVisitor } from './socketio-visitor.ts';
import { newRoom } from './stories.ts';
import { say } from './talk.ts';
import { tokenFor } from './tokens.ts';
import { ok, type Visitor } from './visitor.ts';

/** Two people who chat in a room while somebody attacks it, each at a door of their own. */
export class Bystanders {
  readonly roomId = newRoom('calm');
  readonly #people: Visitor[];
  #said = 0;

  private constructor(people: Visitor[]) {
    this.#people = people;
  }

  static async enter(url: string): Promise<Bystanders> {
    const bystanders = new Bystanders([
      new NativeVisitor(url, { token: await tokenFor('calm ann') }),
      new SocketIoVisitor(url, { token: await tokenFor('calm ben') }),
    ]);
    for (const person of bystanders.#people) ok(await person.join(bystanders.roomId));
    return bystanders;
  }

  /**
   * They go on talking, and have heard nothing but each other, and of the attackers only that they
   * came and went.
   */
  async goOn(): Promise<void> {
    for (const [at, speaker] of this.#people.entries()) {
      const { seq } = await say(speaker, this.roomId, 'calm');
      this.#said++;
      await this.#people[1 - at]!.hears('message', (message) => message.seq === seq);
    }
    for (const person of this.#people) {
      const heard = person.stream.filter(({ kind }) => kind === 'event');
      const names = new Set(heard.map(({ name }) => name));
      for (const name of ['message', 'userJoined', 'userLeft']) names.delete(name);
      expect([...names]).toEqual([]);
      expect(person.heard('message')).toHaveLength(this.#said / 2);
      expect(person.heard('message').every(({ message }) => message === 'calm')).toBe(true);
      expect(person.heard('userLeft').filter(({ userId }) => userId.startsWith('calm'))).toEqual(
        [],
      );
    }
  }
}
