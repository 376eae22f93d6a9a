-- What can happen: two levels of our own stable codes, and the national codes they answer to.

CREATE TABLE category (
    code text PRIMARY KEY CHECK (code ~ '^E\d{1,4}$'),
    parent_code text REFERENCES category,
    name text NOT NULL,
    name_en text NOT NULL,
    identifier text NOT NULL CHECK (identifier ~ '^[a-z_]+$'),
    -- S1 internal, S2 personal, S3 sensitive; sealed cases are shown to named roles only.
    sensitivity text NOT NULL DEFAULT 'S1' CHECK (sensitivity IN ('S1', 'S2', 'S3')),
    is_sealed boolean NOT NULL DEFAULT false,
    response_amount numeric CHECK (response_amount > 0),
    response_unit text CHECK (response_unit IN ('working_hour', 'working_day', 'hour', 'day')),
    deadline_amount numeric CHECK (deadline_amount > 0),
    deadline_unit text CHECK (deadline_unit IN ('working_hour', 'working_day', 'hour', 'day')),
    -- Default lead kinds in order, as the duty matrix abbreviates them: 物 社 城 街 警 消 专 环卫.
    default_leads text[] NOT NULL DEFAULT '{}',
    -- An emergency goes to this number first; the tool must say so and must not be the emergency channel.
    call_first text,
    UNIQUE NULLS NOT DISTINCT (parent_code, identifier),
    CHECK ((response_amount IS NULL) = (response_unit IS NULL)),
    CHECK ((deadline_amount IS NULL) = (deadline_unit IS NULL))
);

-- National codes are read only together with their system: 04 is 突发事件 in one and 街面秩序 in the next,
-- and in gbt47678 one number names both a component and a matter.
CREATE TABLE national_code (
    code_system text NOT NULL CHECK (code_system IN ('cjt214', 'gbt30428', 'gbt47678')),
    kind text NOT NULL CHECK (kind IN ('matter', 'component')),
    code text NOT NULL,
    name text,
    PRIMARY KEY (code_system, kind, code)
);

CREATE TABLE category_national_code (
    category_code text NOT NULL REFERENCES category,
    code_system text NOT NULL,
    kind text NOT NULL,
    code text NOT NULL,
    PRIMARY KEY (category_code, code_system, kind, code),
    FOREIGN KEY (code_system, kind, code) REFERENCES national_code
);
