"""Game days: experiments played one after the other for people, watched, noted and told afterwards."""
