// What the id of a world looks like: it is part of a host name and of a path.

export const WORLD_ID = /^[a-z0-9][a-z0-9-]{0,62}$/
