-- Parties: anyone who can be responsible.

CREATE TABLE party (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    community_id bigint NOT NULL REFERENCES community ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN (
        'staff', 'party_member', 'volunteer', 'property_company', 'party_branch', 'volunteer_team',
        'social_organisation', 'department', 'residents_committee', 'merchant')),
    code text NOT NULL CHECK (code <> ''),
    -- What everybody may read: an organisation's name, a person's post. A person's own name is in party_contact.
    name text NOT NULL CHECK (name <> ''),
    active_from date NOT NULL,
    active_to date,
    UNIQUE (community_id, code),
    UNIQUE (id, community_id),
    CONSTRAINT party_dates_in_order CHECK (active_to > active_from)
);

-- Personal data, apart, so that it can have access rules of its own.
CREATE TABLE party_contact (
    party_id bigint PRIMARY KEY,
    community_id bigint NOT NULL,
    full_name text,
    work_phone text,
    mobile_phone text,
    FOREIGN KEY (party_id, community_id) REFERENCES party (id, community_id) ON DELETE CASCADE
);

-- One person may hold several posts (一人双身份: officer and grid worker).
CREATE TABLE post (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    community_id bigint NOT NULL,
    party_id bigint NOT NULL,
    title text NOT NULL CHECK (title IN (
        'secretary', 'officer', 'grid_lead', 'grid_worker', 'building_steward', 'dwelling_steward')),
    valid_from date NOT NULL,
    valid_to date,
    FOREIGN KEY (party_id, community_id) REFERENCES party (id, community_id) ON DELETE CASCADE,
    CONSTRAINT post_dates_in_order CHECK (valid_to > valid_from),
    EXCLUDE USING gist (party_id WITH =, title WITH =, daterange(valid_from, valid_to) WITH &&)
);

CREATE TABLE membership (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    community_id bigint NOT NULL,
    member_id bigint NOT NULL,
    organisation_id bigint NOT NULL CHECK (organisation_id <> member_id),
    role text NOT NULL DEFAULT 'member' CHECK (role IN ('member', 'lead', 'deputy')),
    valid_from date NOT NULL,
    valid_to date,
    FOREIGN KEY (member_id, community_id) REFERENCES party (id, community_id) ON DELETE CASCADE,
    FOREIGN KEY (organisation_id, community_id) REFERENCES party (id, community_id) ON DELETE CASCADE,
    CONSTRAINT membership_dates_in_order CHECK (valid_to > valid_from),
    EXCLUDE USING gist (member_id WITH =, organisation_id WITH =, daterange(valid_from, valid_to) WITH &&)
);

ALTER TABLE compound
    ADD COLUMN property_company_id bigint,
    ADD FOREIGN KEY (property_company_id, community_id) REFERENCES party (id, community_id);
