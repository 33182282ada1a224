// Sounds that are played without controls: one at a time.

let playing: HTMLAudioElement | null = null;

export function play(url: string, ended?: () => void): void {
  stop();
  playing = new Audio(url);
  if (ended) playing.addEventListener("ended", ended);
  playing.play().catch(() => ended?.()); // a browser without a device for sound
}

export function stop(): void {
  playing?.pause();
  playing = null;
}
