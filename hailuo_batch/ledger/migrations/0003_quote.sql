-- What a gateway names as the price when it accepts a submit, beside our own estimate.

ALTER TABLE attempts ADD COLUMN quote_amount TEXT;

ALTER TABLE attempts ADD COLUMN quote_currency TEXT CHECK ((quote_amount IS NULL) = (quote_currency IS NULL));
