// Asks the exchange to do something. A refusal is an Error with the exchange's sentence.

export async function ask(path, given = {}, method = "POST") {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(given),
    });
  } catch {
    throw new Error("the exchange does not answer");
  }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(told.error ?? `the exchange answered ${answer.status}`);
  return told;
}

export async function readState() {
  const answer = await fetch("state.json", { cache: "no-store" });
  if (!answer.ok) throw new Error(`the exchange answered ${answer.status}`);
  return answer.json();
}
