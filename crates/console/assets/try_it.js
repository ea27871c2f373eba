// Try It Out: the server makes the request of what the form holds, and this sends it, shows the answer, and follows a job to its
// end.

const form = document.getElementById('try-it');
const answer = document.getElementById('answer');
const sure = document.getElementById('sure');
const csrf = document.querySelector('meta[name=imprint-csrf]')?.content;
const part = (name) => answer.querySelector(`[data-part=${name}]`);
// Between two polls of a job: often at first, and then with patience.
const SOON = 500;
const LATER = 5_000;
// Counts what was sent: what is not the newest any more shows nothing.
let newest = 0;

// The request of the form, and how it is written down. Secrets travel only when they are sent.
async function described(sending) {
  const fields = new URLSearchParams(new FormData(form));
  if (!sending) {
    for (const secret of form.querySelectorAll('input[type=password]')) fields.delete(secret.name);
  }
  const made = await fetch(form.dataset.request, { method: 'POST', body: fields });
  if (!made.ok) throw new Error(String(made.status));
  return made.json();
}

let waiting;
form.addEventListener('input', () => {
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    const { examples } = await described(false).catch(() => ({ examples: {} }));
    for (const [language, text] of Object.entries(examples)) {
      document.querySelector(`[data-example="${language}"]`).textContent = text;
    }
  }, 150);
});

const headers = () => (csrf ? { 'X-Imprint-Csrf': csrf } : {});

// JSON with a line for each value. What stands in it stays as it is: numbers of more than 53 bits, and what occurs twice.
function pretty(text) {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
  let depth = 0;
  const line = () => `\n${'  '.repeat(depth)}`;
  return tokens.map((token, nth) => {
    const isEmpty = '{['.includes(tokens[nth - 1]) && '}]'.includes(token);
    if ('}]'.includes(token)) {
      depth -= 1;
      return isEmpty ? token : line() + token;
    }
    if ('{['.includes(token)) depth += 1;
    const isOpen = '{['.includes(token) && !'}]'.includes(tokens[nth + 1]);
    if (isOpen || token === ',') return token + line();
    return token === ':' ? ': ' : token;
  }).join('');
}

// Shows nothing of an answer while the next one is waited for.
function clear() {
  for (const name of ['status', 'time', 'headers', 'step']) part(name).textContent = '';
  document.getElementById('answer-body').textContent = '';
  for (const name of ['failure', 'following']) part(name).hidden = true;
}

function show(response, text, began) {
  const status = part('status');
  status.textContent = `${response.status} ${response.statusText}`.trim();
  status.className = `status ${response.ok ? (response.status === 202 ? 'busy' : 'good') : 'bad'}`;
  part('time').textContent = String(Math.round(performance.now() - began));
  part('headers').textContent = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
  document.getElementById('answer-body').textContent = pretty(text);
}

// A UUID as the API writes them: the browser's own function for it is there over HTTPS only.
function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

// How far the call has come, as far as it tells.
async function progress(job) {
  const told = await fetch(`/zstack/v1/task-progresses/${job}`, { headers: headers() });
  if (!told.ok) return;
  const { inventories = [] } = await told.json();
  const last = inventories.at(-1);
  const percent = Number(last?.content);
  if (last && Number.isFinite(percent)) {
    part('progress').value = percent;
    part('step').textContent = `${percent} %`;
  }
}

// Polls a job until it has ended. A poll that fails is tried again: the job goes on whoever looks.
async function follow(job, began, mine) {
  part('progress').removeAttribute('value');
  part('following').hidden = false;
  for (let pause = SOON; mine === newest; pause = Math.min(pause * 1.2, LATER)) {
    try {
      const polled = await fetch(`/zstack/v1/api-jobs/${job}`);
      const text = await polled.text();
      if (mine !== newest) return;
      if (polled.status !== 202 && polled.status !== 500) {
        show(polled, text, began);
        part('following').hidden = true;
        return;
      }
      // Asking keeps the session alive: only as long as somebody looks.
      if (!document.hidden) await progress(job);
    } catch {
      // The server is away for a moment.
    }
    await new Promise((done) => { setTimeout(done, pause); });
  }
}

async function send(mock) {
  newest += 1;
  const mine = newest;
  answer.hidden = false;
  clear();
  try {
    const { method, url, body } = await described(true);
    const sent = headers();
    let job;
    if (mock) {
      sent['X-Imprint-Mock'] = 'true';
    } else if (form.dataset.mayBeJob !== undefined) {
      job = randomId();
      sent['X-Job-UUID'] = job;
    }
    if (body) sent['Content-Type'] = 'application/json';
    const began = performance.now();
    const response = await fetch(url, { method, headers: sent, body: body ?? undefined });
    const text = await response.text();
    if (mine !== newest) return;
    show(response, text, began);
    if (response.status === 202 && job) await follow(job, began, mine);
  } catch {
    if (mine === newest) part('failure').hidden = false;
  }
}

// A mock changes nothing: what is left blank is that of the example.
const isMock = () => new FormData(form).get('imprint-mode') === 'mock';
const ask = () => { form.noValidate = isMock(); };
form.addEventListener('change', ask);
ask();

// Without this script nothing is sent from here, and no secret is asked for.
for (const part of form.querySelectorAll('fieldset, button')) part.disabled = false;

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const mock = isMock();
  // What is asked twice is never sent unasked.
  if (mock || form.dataset.danger === undefined) {
    send(mock);
    return;
  }
  sure.returnValue = '';
  sure.showModal();
});
sure?.addEventListener('close', () => {
  if (sure.returnValue === 'yes') send(false);
});
