/** A task that somebody without tasks can begin with, as the input that creates it. */
export const EXAMPLE = {
  name: "Is example.com up?",
  tags: ["example"],
  job: { http: { url: "https://example.com/" } },
  schedule: { every: { interval: "PT5M" } },
};
