// What a verdict follows: that of another event on the same channel, which had no message yet.
export default `
alter table verdict add column follows integer;
alter table verdict add column follows_rule text;
`
