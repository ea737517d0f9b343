"""Native: the tables, questions and answers by which the native acceptor passes valid lines."""
