// Keeps what the authorization server remembers; survives a rotation of its keys.
const rows = new Map();

export class Store {
  constructor(kind) {
    this.kind = kind;
  }

  key(id) {
    return `${this.kind}:${id}`;
  }

  async upsert(id, payload, ttl) {
    rows.set(this.key(id), { payload, until: ttl ? Date.now() + ttl * 1000 : Infinity });
    if (payload.uid) rows.set(`uid:${this.kind}:${payload.uid}`, id);
    if (payload.userCode) rows.set(`code:${payload.userCode}`, id);
    if (payload.grantId) {
      const grant = rows.get(`grant:${payload.grantId}`) ?? new Set();
      rows.set(`grant:${payload.grantId}`, grant.add(this.key(id)));
    }
  }

  async find(id) {
    const row = rows.get(this.key(id));
    return row && row.until > Date.now() ? row.payload : undefined;
  }

  async findByUid(uid) {
    return this.find(rows.get(`uid:${this.kind}:${uid}`));
  }

  async findByUserCode(code) {
    return this.find(rows.get(`code:${code}`));
  }

  async consume(id) {
    const row = rows.get(this.key(id));
    if (row) row.payload.consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    rows.delete(this.key(id));
  }

  async revokeByGrantId(grantId) {
    for (const key of rows.get(`grant:${grantId}`) ?? []) rows.delete(key);
    rows.delete(`grant:${grantId}`);
  }
}
