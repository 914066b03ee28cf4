import type { PlayOptions, PlayOrder } from './random-plays.ts';

/** A process of `soakPlays`: plays what it is asked to, and ends with the process that asks. */
process.on('message', (order: PlayOrder) => {
  void play(order);
});

async function play({ player, options }: PlayOrder): Promise<void> {
  const module = (await import(player.module)) as Record<
    string,
    (options: PlayOptions) => string | undefined
  >;
  process.send?.({ failed: module[player.name]?.(options) });
}
