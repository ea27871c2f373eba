// Try It Out: the server makes the request of what the form holds, and this sends it, shows the answer, and follows a job to its
// end.

const form = document.getElementById('try-it');
const answer = document.getElementById('answer');
const sure = document.getElementById('sure');
const csrf = document.querySelector('meta[name=imprint-csrf]')?.content;
const part = (name) => answer.querySelector(`[data-part=${name}]`);
const EVERY = 500;
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

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

async function show(response, began) {
  const text = await response.text();
  const status = part('status');
  status.textContent = `${response.status} ${response.statusText}`.trim();
  status.className = `status ${response.ok ? (response.status === 202 ? 'busy' : 'good') : 'bad'}`;
  part('time').textContent = String(Math.round(performance.now() - began));
  part('headers').textContent = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
  document.getElementById('answer-body').textContent = pretty(text);
  return text;
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

// Polls a job until it has ended. Its location names the server as others see it: here it is this one.
async function follow(text, job, began, mine) {
  const { pathname } = new URL(JSON.parse(text).location, location.href);
  const id = job ?? pathname.split('/').at(-1);
  part('progress').removeAttribute('value');
  part('step').textContent = '';
  part('following').hidden = false;
  while (mine === newest) {
    const polled = await fetch(pathname);
    if (mine !== newest) return;
    if (polled.status !== 202) {
      await show(polled, began);
      part('following').hidden = true;
      return;
    }
    await progress(id);
    await new Promise((done) => { setTimeout(done, EVERY); });
  }
}

async function send(mock) {
  newest += 1;
  const mine = newest;
  answer.hidden = false;
  part('failure').hidden = true;
  part('following').hidden = true;
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
    const text = await show(response, began);
    if (response.status === 202) await follow(text, job, began, mine);
  } catch {
    part('failure').hidden = false;
  }
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const mock = new FormData(form).get('imprint-mode') === 'mock';
  if (mock || !sure) {
    send(mock);
    return;
  }
  sure.returnValue = '';
  sure.showModal();
});
sure?.addEventListener('close', () => {
  if (sure.returnValue === 'yes') send(false);
});
